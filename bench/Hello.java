// SPDX-License-Identifier: BSD-2-Clause
/** Says one line, as soon as it runs. */
public class Hello {
    public static void main(String[] args) {
        System.out.println("first output");
    }
}
