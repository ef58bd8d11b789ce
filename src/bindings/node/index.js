'use strict';
// portloop on Node's own loop: a scan as an async iterable of results.
//
//   const { scan } = require('portloop');
//   for await (const result of scan({ targets: '192.0.2.0/28', ports: '22,80,443' })) { ... }
module.exports = require('./scan.js');
