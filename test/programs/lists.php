<?php
// A producer and two consumer loops of phpredis. Arguments: port. Prints what it consumed.
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $argv[1]);
$redis->lPush('mail', 'one', 'two');
$redis->lPush('mail', 'three');
echo 'length ', $redis->lLen('mail'), "\n";

while ($item = $redis->brPop(['urgent', 'mail'], 1)) {
    echo implode(' ', $item), "\n";
}

$replies = $redis->pipeline()->rPush('work', 'a')->rPush('work', 'b')->exec();
echo 'pipeline ', json_encode($replies), "\n";
while (($job = $redis->brpoplpush('work', 'doing', 1)) !== false) {
    echo 'doing ', json_encode($redis->lRange('doing', 0, -1)), ' ', $redis->lRem('doing', $job, 1), "\n";
}
