<?php
// phpredis for the test beside it: reads lines of JSON, [how, [[argument, ...], ...]], and writes a
// line with the replies for each.
function connect(int $port): Redis
{
    $okq = new Redis();
    $okq->connect('127.0.0.1', $port, 5);
    // It does not see that EXEC was answered with an error, and waits for more.
    $okq->setOption(Redis::OPT_READ_TIMEOUT, 1);
    return $okq;
}

$okq = connect((int) $argv[1]);
while (($line = fgets(STDIN)) !== false) {
    [$how, $commands] = json_decode($line, true);
    $okq->clearLastError();
    try {
        $steps = $how === 'transaction' ? $okq->multi() : $okq->pipeline();
        foreach ($commands as $command) {
            $steps->rawCommand(...$command);
        }
        $replies = $steps->exec();
        $answer = $replies === false ? ['error' => $okq->getLastError()] : $replies;
    } catch (RedisException $error) {
        $answer = ['error' => $error->getMessage()];
        // It does not read the replies behind the error.
        $okq->close();
        $okq = connect((int) $argv[1]);
    }
    echo json_encode($answer), "\n";
}
