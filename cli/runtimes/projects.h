/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `hull init` writes for a project, by the first of these whose marker
 * file is in the folder, and names the library if there is one. In the text
 * stand @NAME@ (the image's name), @JAR@ (the jar that Maven makes), @CRATE@
 * (the name in Cargo.toml), @MAIN@ (the script that is started), @MODULE@ (the
 * same without its suffix), @PYTHON@ (the one of the project's virtual
 * environment, else python3) and @PIP@ (the lines that bring the libraries
 * where there is no environment).
 */
#ifndef CLI_RUNTIMES_PROJECTS_H
#define CLI_RUNTIMES_PROJECTS_H

struct project {
    const char *marker;         /* glob(3) pattern */
    const char *library;        /* a word in the marker file; NULL: none */
    const char *what;           /* as messages call it */
    const char *const *mains;   /* scripts that may be the one; NULL: none */
    const char *text;
};

extern const struct project projects[];     /* marker NULL ends */

#endif
