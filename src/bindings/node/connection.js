'use strict';
// The connection to an open port, until it is taken over or reset.
const net = require('node:net');
const native = require('./native.js');

class Connection {
  #scan;
  #fd;

  constructor(scan, fd) {
    this.#scan = scan;
    this.#fd = fd;
  }

  // Returns a net.Socket, which is the caller's from then on.
  take() {
    const fd = this.#forget();
    if (fd < 0 || !native.takeFd(this.#scan, fd)) throw new Error('the connection was taken over or closed before');
    return new net.Socket({ fd });
  }

  close() {
    const fd = this.#forget();
    if (fd >= 0) native.resetFd(this.#scan, fd);
  }

  // The number may soon be that of another connection.
  #forget() {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }
}

module.exports = { Connection };
