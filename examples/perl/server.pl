# SPDX-License-Identifier: BSD-2-Clause
# A server over select() that serves many connections in one thread.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use IO::Select;
use IO::Socket::INET;
use POSIX qw(strftime);

$| = 1;
my $done = 0;
$SIG{TERM} = sub { $done = 1 };
$SIG{PIPE} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => 8000,
    Listen => 64, ReuseAddr => 1) or die "cannot listen: $!\n";
my $select = IO::Select->new($server);
my (%input, %visits);
print "listening on 8000\n";

sub answer {
    my ($path) = @_;
    return ++$visits{$1} . "\n" if $path =~ m{^/visit/(\w+)$};
    return sha256_hex($1) . "\n" if $path =~ m{^/digest/(\w+)$};
    return strftime('%Y', gmtime 86400 * 366) . "\n" if $path eq '/year';
    if ($path eq '/sorted') {
        my %h = map { $_ => length } qw(mast keel hull bow);
        return join(' ', sort { $h{$a} <=> $h{$b} || $a cmp $b } keys %h)
            . "\n";
    }
    return undef;
}

sub serve {
    my ($socket) = @_;
    my $n = sysread $socket, $input{$socket}, 4096, length $input{$socket};
    if ($n && $input{$socket} =~ m{^GET (\S+).*\r\n\r\n}s) {
        my $body = answer($1);
        my $status = defined $body ? '200 OK' : '404 Not Found';
        $body //= "not found\n";
        syswrite $socket, "HTTP/1.1 $status\r\nContent-Length: "
            . length($body) . "\r\nConnection: close\r\n\r\n$body";
        $n = 0;
    }
    return if $n;
    $select->remove($socket);
    delete $input{$socket};
    close $socket;
}

until ($done) {
    for my $socket ($select->can_read(1)) {
        if ($socket == $server) {
            my $new = $server->accept or next;
            $select->add($new);
            $input{$new} = '';
        } else {
            serve($socket);
        }
    }
}
print "closed\n";
