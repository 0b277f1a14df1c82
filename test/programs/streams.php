<?php
// A producer and two consumers of a stream with phpredis. Arguments: port. Prints what they consumed.
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $argv[1]);
for ($try = 0; $try < 2; $try++) {
    $created = $redis->xGroup('CREATE', 'orders', 'shop', '0', true);
    echo $created ? 'created' : $redis->getLastError(), "\n";
}
for ($n = 1; $n <= 5; $n++) {
    $redis->xAdd('orders', '*', ['order' => $n, 'user' => 'ann'], 1000, true);
}
echo 'length ', $redis->xLen('orders'), "\n";

// A consumer that dies.
$read = $redis->xReadGroup('shop', 'dead', ['orders' => '>'], 2);
echo 'dead ', json_encode(array_values($read['orders'])), "\n";
$pending = $redis->xPending('orders', 'shop');
echo 'pending ', $pending[0], ' ', json_encode($pending[3]), "\n";
$ids = [];
foreach ($redis->xPending('orders', 'shop', '-', '+', 10) as [$id, $consumer, $idle, $count]) {
    echo "pending $consumer $count\n";
    $ids[] = $id;
}

// Another one takes over what it had not acknowledged: one with XCLAIM, the rest with XAUTOCLAIM.
$claimed = $redis->xClaim('orders', 'shop', 'alive', 0, [$ids[0]], ['JUSTID']);
echo 'claimed ', json_encode($claimed === [$ids[0]]), ' ', $redis->xAck('orders', 'shop', $claimed), "\n";
$start = '0-0';
do {
    [$start, $entries] = $redis->rawCommand('XAUTOCLAIM', 'orders', 'shop', 'alive', 0, $start, 'COUNT', 1);
    foreach ($entries as [$id, $fields]) {
        echo 'took over ', json_encode($fields), ' ', $redis->xAck('orders', 'shop', [$id]), "\n";
    }
} while ($start !== '0-0');

while ($read = $redis->xReadGroup('shop', 'alive', ['orders' => '>'], 2, 100)) {
    foreach ($read['orders'] as $id => $fields) {
        echo 'done ', json_encode($fields), ' ', $redis->xAck('orders', 'shop', [$id]), "\n";
    }
}

[$added, $read] = $redis->pipeline()
    ->xAdd('orders', '*', ['order' => 6])
    ->xReadGroup('shop', 'alive', ['orders' => '>'])
    ->exec();
echo 'pipeline ', json_encode($read['orders'][$added]), "\n";
echo 'pending ', $redis->xPending('orders', 'shop')[0], "\n";
$group = $redis->xInfo('GROUPS', 'orders')[0];
echo 'group ', $group['name'], ' ', $group['consumers'], ' ', $group['pending'], "\n";
foreach ($redis->xInfo('CONSUMERS', 'orders', 'shop') as $consumer) {
    echo 'consumer ', $consumer['name'], ' ', $consumer['pending'], "\n";
}
