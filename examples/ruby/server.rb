# SPDX-License-Identifier: BSD-2-Clause
# A server with a thread for each connection, and a queue that workers share.
require 'digest'
require 'json'
require 'socket'

JOBS = Queue.new
4.times do
  Thread.new do
    while (text, reply = JOBS.pop)
      reply << Digest::SHA256.hexdigest(text)
    end
  end
end

def answer(path)
  case path
  when %r{^/digest/(\w+)$}
    reply = Queue.new
    JOBS << [$1, reply]
    { digest: reply.pop }
  when '/sleep'
    begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    sleep 0.05
    { slept: Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun >= 0.05 }
  when '/fibers'
    fiber = Fiber.new { 3.times { |i| Fiber.yield i * i }; nil }
    { squares: Array.new(3) { fiber.resume } }
  end
end

def serve(socket)
  path = socket.gets.to_s.split[1]
  nil until socket.gets.to_s.strip.empty?
  result = answer(path)
  body = JSON.generate(result || { error: 'not found' }) + "\n"
  socket.write "HTTP/1.1 #{result ? '200 OK' : '404 Not Found'}\r\n" \
               "Content-Length: #{body.bytesize}\r\n" \
               "Connection: close\r\n\r\n#{body}"
ensure
  socket.close
end

server = TCPServer.new('0.0.0.0', 8000)
trap('TERM') { exit 0 }
puts 'listening on 8000'
$stdout.flush
loop { Thread.new(server.accept) { |socket| serve(socket) } }
