'use strict';
// Limits that several scans share.
const native = require('./native.js');

// What the addon has of a group, which nobody else can reach.
let handleOf;

class Group {
  #handle = native.createGroup();

  constructor({ inFlight, rate, ...others } = {}) {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError(`'${unknown}' is not a limit of a group; these are inFlight and rate`);
    if (inFlight !== undefined) this.setInFlight(inFlight);
    if (rate !== undefined) this.setRate(rate);
  }

  setInFlight(connects) {
    native.setGroupInFlight(this.#handle, checkNumber('inFlight', connects));
  }

  setRate(connectsPerSecond) {
    native.setGroupRate(this.#handle, checkNumber('rate', connectsPerSecond));
  }

  static {
    handleOf = (group) => group.#handle;
  }
}

// A number that the addon may convert to 32 bits; portloop checks the rest.
function checkNumber(name, value) {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${String(value)}`);
  if (name === 'inFlight' && !(value >= 0 && value < 2 ** 32 && Number.isInteger(value))) {
    throw new TypeError(`${name} must be a whole number from 0 to ${2 ** 32 - 1}, not ${value}`);
  }
  return value;
}

module.exports = { Group, handleOf: (group) => handleOf(group), checkNumber };
