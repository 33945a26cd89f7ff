// SPDX-License-Identifier: BSD-2-Clause
// Says one line, as soon as it runs.
console.log('first output');
