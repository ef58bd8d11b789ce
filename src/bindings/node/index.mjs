import portloop from './index.js';

export const { scan, Scan, Group, version } = portloop;
