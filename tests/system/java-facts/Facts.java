// SPDX-License-Identifier: BSD-2-Clause
import java.io.RandomAccessFile;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.security.KeyStore;
import java.text.NumberFormat;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import com.sun.net.httpserver.HttpServer;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What a JVM has beside the language: prints facts that are the same on
 *  every system. The argument is a key store with the password "secret". */
public class Facts {
    static void memory() {
        OperatingSystemMXBean os = (OperatingSystemMXBean)
                ManagementFactory.getOperatingSystemMXBean();
        double part = (double) Runtime.getRuntime().maxMemory() /
                os.getTotalMemorySize();
        Set<String> collectors = new TreeSet<>();

        for (GarbageCollectorMXBean b :
                ManagementFactory.getGarbageCollectorMXBeans()) {
            collectors.add(b.getName());
        }
        System.out.println("heap is a quarter: " +
                (part > 0.2 && part < 0.3) + ", free: " +
                (os.getFreeMemorySize() > 0) + ", " + collectors);
    }

    static void dump(Path dir) throws Exception {
        HotSpotDiagnosticMXBean diag = ManagementFactory.getPlatformMXBean(
                HotSpotDiagnosticMXBean.class);
        Path file = dir.resolve("heap.hprof");

        diag.dumpHeap(file.toString(), true);
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] head = new byte[18];

            in.readFully(head);
            System.out.println("heap dump " + new String(head) + " " +
                    (in.length() > 500_000));
        }
        System.out.println("compressed oops " +
                diag.getVMOption("UseCompressedOops").getValue() +
                ", shared classes " +
                diag.getVMOption("UseSharedSpaces").getValue());
    }

    static void record(Path dir) throws Exception {
        Path file = dir.resolve("flight.jfr");
        Set<String> names = new HashSet<>();

        try (Recording r = new Recording()) {
            r.enable("jdk.GarbageCollection");
            r.enable("jdk.ThreadStart");
            r.enable("jdk.ExecutionSample").withPeriod(
                    java.time.Duration.ofMillis(10));
            r.start();
            System.gc();
            Thread t = new Thread(() -> { });
            t.start();
            t.join();
            long end = System.nanoTime() + 1_000_000_000L, n = 0;
            while (System.nanoTime() < end) {
                n += Long.toString(n).length();
            }
            r.stop();
            r.dump(file);
        }
        for (RecordedEvent e : RecordingFile.readAllEvents(file)) {
            names.add(e.getEventType().getName());
        }
        System.out.println("flight recorder " + new TreeSet<>(names));
    }

    static void places() throws Exception {
        Instant at = Instant.ofEpochSecond(1_700_000_000L);
        ZonedDateTime berlin = at.atZone(ZoneId.systemDefault());

        System.out.println(berlin + " " + TimeZone.getDefault().getID() + " " +
                at.atZone(ZoneId.of("Asia/Tokyo")) + " " +
                ZoneId.getAvailableZoneIds().size());
        System.out.println(Locale.getDefault() + " " +
                NumberFormat.getInstance().format(1234567.5) + " " +
                DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL)
                        .format(berlin) + " " +
                String.format("%,.2f", 12345.678));
    }

    static void trust(String store) throws Exception {
        TrustManagerFactory all = TrustManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        TrustManagerFactory ours = TrustManagerFactory.getInstance("PKIX");
        SSLContext tls = SSLContext.getInstance("TLS");

        all.init((KeyStore) null);
        System.out.println("trusted roots " + ((X509TrustManager)
                all.getTrustManagers()[0]).getAcceptedIssuers().length);
        try (var in = Files.newInputStream(Path.of(store))) {
            own.load(in, "secret".toCharArray());
        }
        keys.init(own, "secret".toCharArray());
        ours.init(own);
        tls.init(keys.getKeyManagers(), ours.getTrustManagers(), null);
        SSLServerSocket server = (SSLServerSocket)
                tls.getServerSocketFactory().createServerSocket(0);
        Thread thread = new Thread(() -> {
            try (var c = server.accept()) {
                c.getInputStream().transferTo(c.getOutputStream());
            } catch (Exception e) {
                System.out.println("server: " + e);
            }
        });
        thread.start();
        try (SSLSocket c = (SSLSocket) tls.getSocketFactory().createSocket(
                "localhost", server.getLocalPort())) {
            c.getOutputStream().write("secret words".getBytes());
            System.out.println(c.getSession().getProtocol() + " " +
                    new String(c.getInputStream().readNBytes(12)));
        }
        thread.join();
    }

    static void http() throws Exception {
        HttpServer server = HttpServer.create(
                new InetSocketAddress("127.0.0.1", 0), 50);
        HttpClient client = HttpClient.newHttpClient();
        URI at = URI.create("http://127.0.0.1:" +
                server.getAddress().getPort() + "/");
        int sum = 0;

        server.createContext("/", x -> {
            byte[] body = x.getRequestBody().readAllBytes();

            x.sendResponseHeaders(200, body.length);
            x.getResponseBody().write(body);
            x.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(4, r -> {
            Thread t = new Thread(r);
            t.setDaemon(true);
            return t;
        }));
        server.start();
        for (int i = 0; i < 20; i++) {
            HttpResponse<String> r = client.send(HttpRequest.newBuilder(at)
                    .POST(HttpRequest.BodyPublishers.ofString("x".repeat(i)))
                    .build(), HttpResponse.BodyHandlers.ofString());

            sum += r.statusCode() + r.body().length();
        }
        server.stop(0);
        System.out.println("http " + sum + ", loopback " +
                NetworkInterface.getByName("lo").isLoopback());
    }

    static void files(Path dir) throws Exception {
        WatchService watch = FileSystems.getDefault().newWatchService();
        Path a = dir.resolve("a"), b = dir.resolve("b");

        dir.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
        Files.write(a, new byte[100_000]);
        var key = watch.poll(30, TimeUnit.SECONDS);
        System.out.println("watched " + key.pollEvents().get(0).context());
        watch.close();
        try (FileChannel in = FileChannel.open(a);
             FileChannel out = FileChannel.open(b, StandardOpenOption.CREATE,
                     StandardOpenOption.WRITE);
             FileLock lock = out.lock()) {
            System.out.println("sent " + in.transferTo(0, in.size(), out) +
                    " locked " + lock.isValid());
        }
        try (AsynchronousFileChannel f = AsynchronousFileChannel.open(b)) {
            ByteBuffer buf = ByteBuffer.allocateDirect(1 << 16);

            System.out.println("read " + f.read(buf, 50_000).get() + " of " +
                    Files.getAttribute(b, "unix:size"));
        }
        Files.move(a, dir.resolve("c"));
        try (var list = Files.list(dir)) {
            System.out.println("files " +
                    list.filter(p -> p.getFileName().toString().length() == 1)
                        .count());
        }
    }

    static void threads() throws Exception {
        ThreadMXBean bean = ManagementFactory.getThreadMXBean();
        ReentrantLock x = new ReentrantLock(), y = new ReentrantLock();
        CountDownLatch both = new CountDownLatch(2), signal =
                new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        ExecutorService pool;

        for (ReentrantLock[] p : new ReentrantLock[][] {{x, y}, {y, x}}) {
            Thread t = new Thread(() -> {
                p[0].lock();
                both.countDown();
                try {
                    both.await();
                    p[1].lockInterruptibly();
                    p[1].unlock();
                } catch (InterruptedException e) {
                    // Or the other one's end let this one through first.
                }
                p[0].unlock();
                done.incrementAndGet();
            });
            t.start();
        }
        long[] dead = null;
        while ((dead = bean.findDeadlockedThreads()) == null) {
            Thread.sleep(20);
        }
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            for (long id : dead) {
                if (t.getId() == id) {
                    t.interrupt();
                    t.join();
                }
            }
        }
        System.out.println("deadlocked " + dead.length + " freed " + done +
                ", CPU time " + (bean.getCurrentThreadCpuTime() > 0));
        try {
            pool = (ExecutorService) Executors.class.getMethod(
                    "newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (ReflectiveOperationException e) {
            pool = Executors.newCachedThreadPool();
        }
        done.set(0);
        for (int i = 0; i < 200; i++) {
            pool.submit(() -> {
                Thread.sleep(20);
                return done.incrementAndGet();
            });
        }
        pool.shutdown();
        pool.awaitTermination(60, TimeUnit.SECONDS);
        sun.misc.Signal.handle(new sun.misc.Signal("USR2"),
                s -> signal.countDown());
        sun.misc.Signal.raise(new sun.misc.Signal("USR2"));
        System.out.println("tasks " + done + " signal " +
                signal.await(30, TimeUnit.SECONDS));
    }

    public static void main(String[] args) throws Exception {
        Path dir = Files.createTempDirectory("facts");

        Runtime.getRuntime().addShutdownHook(new Thread(() ->
                System.out.println("hook")));
        memory();
        dump(dir);
        record(dir);
        places();
        trust(args[0]);
        http();
        files(dir);
        threads();
        System.exit(3);
    }
}
