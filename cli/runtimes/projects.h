/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `hull init` writes for a project, by the first of these whose marker
 * file is in the folder. In the text stand @NAME@ (the image's name), @JAR@
 * (the jar that Maven makes) and @MAIN@ (the script that is started).
 */
#ifndef CLI_RUNTIMES_PROJECTS_H
#define CLI_RUNTIMES_PROJECTS_H

struct project {
    const char *marker;         /* glob(3) pattern */
    const char *what;           /* as messages call it */
    const char *const *mains;   /* scripts that may be the one; NULL: none */
    const char *text;
};

extern const struct project projects[];     /* marker NULL ends */

#endif
