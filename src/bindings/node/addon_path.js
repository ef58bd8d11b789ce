'use strict';
// Prebuilt addons depend on the operating system, the processor and the C library, not on the version of Node.
const path = require('node:path');

const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
const compiled = path.join(__dirname, 'build', 'Release', 'portloop.node');
const prebuilt = path.join(__dirname, 'prebuilds', `${process.platform}-${process.arch}-${libc}`, 'portloop.node');

module.exports = { compiled, prebuilt };
