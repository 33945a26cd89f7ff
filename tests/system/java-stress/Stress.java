// SPDX-License-Identifier: BSD-2-Clause
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Leans on the parts of a JVM that lean on the kernel; prints facts that are
 *  the same on every system. */
public class Stress {
    static final int THREADS = 8, CONNECTIONS = 500, LOADERS = 200;

    /** Eight threads allocate, keep a little and check what they kept. */
    static void allocate() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        List<Future<Long>> sums = new ArrayList<>();
        long total = 0;

        for (int t = 0; t < THREADS; t++) {
            final int seed = t;

            sums.add(pool.submit(() -> {
                ArrayDeque<byte[]> kept = new ArrayDeque<>();
                long sum = 0;

                for (int i = 0; i < 4000; i++) {
                    byte[] b = new byte[1000 + i % 9000];

                    b[0] = (byte) (i + seed);
                    b[b.length - 1] = (byte) i;
                    kept.add(b);
                    if (kept.size() > 200) {
                        byte[] old = kept.remove();

                        sum += old[0] + old[old.length - 1] + old.length;
                    }
                }
                return sum;
            }));
        }
        for (Future<Long> f : sums) {
            total += f.get();
        }
        pool.shutdown();
        System.out.println("allocated " + total);
    }

    static void serve(ServerSocketChannel server) throws Exception {
        Selector selector = Selector.open();
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
        int closed = 0;

        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        while (closed < CONNECTIONS) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isAcceptable()) {
                    SocketChannel c = server.accept();

                    c.configureBlocking(false);
                    c.register(selector, SelectionKey.OP_READ);
                    continue;
                }
                SocketChannel c = (SocketChannel) key.channel();

                buffer.clear();
                if (c.read(buffer) < 0) {
                    /* A reset: nothing waits for a minute behind it. */
                    c.setOption(StandardSocketOptions.SO_LINGER, 0);
                    c.close();
                    closed++;
                    continue;
                }
                buffer.flip();
                while (buffer.hasRemaining()) {
                    c.write(buffer);
                }
            }
            selector.selectedKeys().clear();
        }
        selector.close();
    }

    /** All connections are open at once, and each echoes three times. */
    static void echo() throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open();
        InetSocketAddress at;
        SocketChannel[] all = new SocketChannel[CONNECTIONS];
        int good = 0;

        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                CONNECTIONS);
        at = (InetSocketAddress) server.getLocalAddress();
        Thread thread = new Thread(() -> {
            try {
                serve(server);
            } catch (Exception e) {
                e.printStackTrace(System.out);
            }
        });
        thread.start();
        for (int i = 0; i < CONNECTIONS; i++) {
            all[i] = SocketChannel.open(at);
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < CONNECTIONS; i++) {
                all[i].write(ByteBuffer.wrap(("hello " + i).getBytes()));
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                String want = "hello " + i;
                ByteBuffer b = ByteBuffer.allocate(want.length());

                while (b.hasRemaining() && all[i].read(b) >= 0) {
                }
                good += new String(b.array()).equals(want) ? 1 : 0;
            }
        }
        for (SocketChannel c : all) {
            c.shutdownOutput();
        }
        thread.join();
        for (SocketChannel c : all) {
            c.close();
        }
        server.close();
        System.out.println("echoed " + good);
    }

    static int depth;

    static void down() {
        depth++;
        down();
    }

    static void recurse() throws Exception {
        AtomicInteger caught = new AtomicInteger();
        Thread[] threads = new Thread[4];

        for (int t = 0; t < threads.length; t++) {
            threads[t] = new Thread(null, () -> {
                for (int i = 0; i < 5; i++) {
                    try {
                        down();
                    } catch (StackOverflowError e) {
                        caught.incrementAndGet();
                    }
                }
            }, "deep" + t, 512 << 10);
            threads[t].start();
        }
        for (Thread t : threads) {
            t.join();
        }
        System.out.println("overflows " + caught + " " + (depth > 1000));
    }

    public static class Loaded {
        public static int count;

        public static int next() {
            return ++count;
        }
    }

    static class Loader extends ClassLoader {
        final byte[] code;

        Loader(byte[] code) {
            super(Stress.class.getClassLoader());
            this.code = code;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve)
                throws ClassNotFoundException {
            return name.equals("Stress$Loaded")
                    ? defineClass(name, code, 0, code.length)
                    : super.loadClass(name, resolve);
        }
    }

    static void load() throws Exception {
        Set<Class<?>> classes = new HashSet<>();
        byte[] code;
        int sum = 0;

        try (InputStream in = Stress.class.getResourceAsStream(
                "/Stress$Loaded.class")) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();

            in.transferTo(out);
            code = out.toByteArray();
        }
        for (int i = 0; i < LOADERS; i++) {
            Class<?> c = new Loader(code).loadClass("Stress$Loaded", true);

            classes.add(c);
            sum += (int) c.getMethod("next").invoke(null);
        }
        System.out.println("loaders " + classes.size() + " " + sum);
    }

    static void time() throws Exception {
        ScheduledExecutorService pool = Executors.newScheduledThreadPool(4);
        CountDownLatch latch = new CountDownLatch(200);
        AtomicInteger early = new AtomicInteger();

        for (int i = 0; i < 200; i++) {
            long due = System.nanoTime() + i * 1_000_000L;

            pool.schedule(() -> {
                early.addAndGet(System.nanoTime() < due ? 1 : 0);
                latch.countDown();
            }, i, TimeUnit.MILLISECONDS);
        }
        System.out.println("timers " + latch.await(60, TimeUnit.SECONDS) +
                " early " + early);
        pool.shutdownNow();
    }

    static void errors() {
        Map<String, Integer> seen = new HashMap<>();
        Object nothing = System.getenv("NO_SUCH_VARIABLE");
        int zero = System.getProperty("no.such") == null ? 0 : 1;

        for (int i = 0; i < 3000; i++) {
            try {
                if (i % 2 == 0) {
                    nothing.hashCode();
                } else {
                    zero = 7 / zero;
                }
            } catch (NullPointerException | ArithmeticException e) {
                seen.merge(e.getClass().getName(), 1, Integer::sum);
            }
        }
        try {
            byte[][] all = new byte[1000][];

            for (int i = 0; i < all.length; i++) {
                all[i] = new byte[16 << 20];
            }
        } catch (OutOfMemoryError e) {
            seen.merge("memory", 1, Integer::sum);
        }
        System.out.println(new java.util.TreeMap<>(seen));
    }

    static void files() throws Exception {
        Path path = Files.createTempFile("stress", null);

        try (FileChannel f = FileChannel.open(path, StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            MappedByteBuffer map = f.map(FileChannel.MapMode.READ_WRITE, 0,
                    1 << 20);
            ByteBuffer back = ByteBuffer.allocate(4);

            map.putInt(500_000, 42);
            map.force();
            f.read(back, 500_000);
            System.out.println("mapped " + back.getInt(0) + " " + f.size());
        }
        Files.delete(path);
    }

    /** The argument is how often to do it all. After each round it is quiet
     *  for a while: what the kernel counts then is what was left behind. */
    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 1;

        for (int i = 1; i <= rounds; i++) {
            allocate();
            echo();
            recurse();
            load();
            time();
            errors();
            files();
            System.gc();
            Thread.sleep(rounds > 1 ? 4000 : 0);
            System.out.println("quiet " + i);
        }
        System.out.println("done");
    }
}
