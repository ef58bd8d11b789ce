import portloop from './index.js';

export const { scan, Scan, version } = portloop;
