'use strict';
// Loads the addon: the one that was compiled on this machine, or else a prebuilt one. The environment variable
// PORTLOOP_ADDON is the path of another one, for the tests of portloop's own build.
const fs = require('node:fs');

const { compiled, prebuilt } = require('./addon_path.js');

module.exports = require(process.env.PORTLOOP_ADDON || (fs.existsSync(compiled) ? compiled : prebuilt));
