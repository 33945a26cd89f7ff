// SPDX-License-Identifier: BSD-2-Clause
import java.util.ArrayList;
import java.util.List;

/** Errors that nobody catches: a stack overflow in one thread, a line of input
 *  awaited (time for a thread dump), at last no memory in the main thread. */
public class Uncaught {
    static int depth;

    static int down() {
        depth++;
        return down() + 1;
    }

    public static void main(String[] args) throws Exception {
        Thread deep = new Thread(Uncaught::down, "deep");
        List<byte[]> all = new ArrayList<>();

        deep.start();
        deep.join();
        System.out.println("waiting");
        System.out.println("got " + (char) System.in.read());
        for (;;) {
            all.add(new byte[1 << 20]);
        }
    }
}
