'use strict';
// Exits with 0 if the package has a prebuilt addon that works on this machine; otherwise npm compiles one. With --keep,
// the addon that was compiled just now becomes a prebuilt one.
const fs = require('node:fs');
const path = require('node:path');

const { compiled, prebuilt } = require('./addon_path.js');

if (process.argv[2] === '--keep') {
  fs.mkdirSync(path.dirname(prebuilt), { recursive: true });
  fs.copyFileSync(compiled, prebuilt);
  console.log(prebuilt);
} else {
  try {
    require(prebuilt);
  } catch {
    process.exitCode = 1;
  }
}
