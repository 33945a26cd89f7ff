/* SPDX-License-Identifier: BSD-2-Clause */
/* Perl and its library; what other packages put into the folders that all
 * share (/usr/share/perl5) stays out. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {"perl", "perl5*", NULL};
static const char *const ask[] = {
    "-MConfig", "-e",
    "print map { \"$_\\n\" } $^X, grep { m{^/} && -d && "
    "(/perl-base/ || /\\Q$Config{privlib}\\E/ || /\\Q$Config{archlib}\\E/) "
    "} @INC", NULL,
};
static const char *const leave_out[] = {
    "*.pod", "*.a", "*.h", "CPAN", "perl5db.pl", NULL,
};

const struct runtime runtime_perl = {
    .name = "Perl", .programs = programs, .ask = ask, .leave_out = leave_out,
};
