/* SPDX-License-Identifier: BSD-2-Clause */
#include "java.h"

#include <stddef.h>

const struct java_extra java_extras[] = {
    {NULL, "java.base"},
    {NULL, "jdk.crypto.ec"},        /* what most TLS servers want */
    {NULL, "jdk.zipfs"},
    {"java.management", "jdk.management"},
    {"java.naming", "jdk.naming.dns"},
    {"-XX:StartFlightRecording", "jdk.jfr"},
    {"-XX:FlightRecorderOptions", "jdk.jfr"},
    {"-Dcom.sun.management.", "jdk.management.agent"},
    {"-agentlib:jdwp", "jdk.jdwp.agent"},
    {"-javaagent:", "java.instrument"},
    {"-Duser.language", "jdk.localedata"},
    {"-Dfile.encoding", "jdk.charsets"},
    {NULL, NULL},
};

const char java_fallback[] =
    "java.se,jdk.charsets,jdk.httpserver,jdk.jfr,jdk.management,jdk.net,"
    "jdk.security.auth,jdk.unsupported,jdk.xml.dom";

/* Classes stay as they are: the root file system compresses them better than
 * jlink would, and the JVM then reads them in place. */
const char *const java_jlink_options[] = {
    "--strip-java-debug-attributes", "--no-man-pages", "--no-header-files",
    "--compress=0", NULL,
};

/* Windows, sound and fonts would bring the libraries of a whole desktop. */
const char *const java_leave_out[] = {
    "libawt_xawt.so", "libsplashscreen.so", "libjawt.so", "libjsound.so",
    "libfontmanager.so", "psfont*", "jexec", "classlist", "jrt-fs.jar", NULL,
};

const char *const java_libraries[] = {
    "libdl.so.2", "libpthread.so.0", "librt.so.1", "libm.so.6",
    "libgcc_s.so.1", "libstdc++.so.6", NULL,
};

const char *const java_nested[] = {
    "BOOT-INF/lib/*.jar", "WEB-INF/lib/*.jar", "WEB-INF/lib-provided/*.jar",
    "lib/*.jar", "META-INF/lib/*.jar", NULL,
};

const char *const java_classes[] = {
    "BOOT-INF/classes", "WEB-INF/classes", NULL,
};

const char *const java_option_pairs[] = {
    "--add-modules", "--add-opens", "--add-exports", "--add-reads",
    "--limit-modules", "--upgrade-module-path", NULL,
};
