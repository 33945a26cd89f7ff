/* SPDX-License-Identifier: BSD-2-Clause */
#include "capstan.h"

#include <stddef.h>

const struct capstan_base capstan_bases[] = {
    {"osv", ""}, {"osv-base", ""}, {"osv.base", ""}, {"base", ""},
    {"osv-loader", ""}, {"osv.bootstrap", ""}, {"native", ""},
    {"*openjdk*", "java"}, {"*jre*", "java"}, {"*java*", "java"},
    {"*zulu*", "java"}, {"*tomcat*", "java"},
    {"*node*", "node"},
    {"*python*", "python3"},
    {"*ruby*", "ruby"},
    {"*lua*", "lua"}, {"*perl*", "perl"}, {"*php*", "php"},
    {"*golang*", ""}, {"*rust*", ""},
    {NULL, NULL},
};

const struct capstan_program capstan_programs[] = {
    {"/java.so", "java"}, {"java.so", "java"}, {"/java", "java"},
    {"/usr/lib/jvm/*/bin/java", "java"}, {"/usr/bin/java", "java"},
    {"/libnode.so", "node"}, {"libnode.so", "node"}, {"/node", "node"},
    {"/node.so", "node"},
    {"/python.so", "python3"}, {"python.so", "python3"},
    {"/python*", "python3"},
    {"/ruby.so", "ruby"}, {"ruby.so", "ruby"}, {"/ruby", "ruby"},
    {"/lua.so", "lua"}, {"/lua", "lua"}, {"/perl", "perl"}, {"/php", "php"},
    {NULL, NULL},
};

const struct capstan_option capstan_options[] = {
    {"--env", CAPSTAN_ENV, NULL},
    {"--cwd", CAPSTAN_CWD, NULL},
    {"--hostname", CAPSTAN_HOSTNAME, NULL},
    {"--verbose", CAPSTAN_NOTHING, NULL},
    {"--noinit", CAPSTAN_NOTHING, NULL},
    {"--nopivot", CAPSTAN_NOTHING, NULL},
    {"--bootchart", CAPSTAN_NOTHING, NULL},
    {"--power-off-on-abort", CAPSTAN_NOTHING, NULL},
    {"--norandom", CAPSTAN_NOTHING, NULL},
    {"--disable_rofs_cache", CAPSTAN_NOTHING, NULL},
    {"--assign-net", CAPSTAN_NOTHING, NULL},
    {"--maxnic", CAPSTAN_NOTHING, NULL},
    {"--console", CAPSTAN_NOTHING, NULL},
    {"--rootfs", CAPSTAN_NOTHING, NULL},
    {"--trace", CAPSTAN_CANNOT, "use 'hull run --strace'"},
    {"--trace-backtrace", CAPSTAN_CANNOT, "use 'hull run --strace'"},
    {"--sampler", CAPSTAN_CANNOT, "take it out"},
    {"--leak", CAPSTAN_CANNOT, "take it out"},
    {"--ip", CAPSTAN_CANNOT, "take it out: the address comes by DHCP"},
    {"--defaultgw", CAPSTAN_CANNOT, "take it out: it comes by DHCP"},
    {"--nameserver", CAPSTAN_CANNOT, "take it out: it comes by DHCP"},
    {"--redirect", CAPSTAN_CANNOT, "redirect what 'hull run' prints"},
    {"--mount-fs", CAPSTAN_CANNOT, "put the files into the image"},
    {"--nomount", CAPSTAN_CANNOT, "take it out"},
    {"--noshutdown", CAPSTAN_CANNOT, "take it out"},
    {"--delay", CAPSTAN_CANNOT, "take it out"},
    {NULL, CAPSTAN_NOTHING, NULL},
};
