<?php
// SPDX-License-Identifier: BSD-2-Clause
// Counts visits in a file under /tmp, with a lock.
header('Content-Type: application/json');

function visit(string $name): int
{
    $f = fopen('/tmp/visits-' . md5($name), 'c+');
    flock($f, LOCK_EX);
    $n = (int)stream_get_contents($f) + 1;
    ftruncate($f, 0);
    rewind($f);
    fwrite($f, (string)$n);
    fclose($f);
    return $n;
}

$name = $_GET['name'] ?? 'nobody';
echo json_encode(['name' => $name, 'visits' => visit($name),
                  'method' => $_SERVER['REQUEST_METHOD'],
                  'sent' => strlen(file_get_contents('php://input'))]), "\n";
