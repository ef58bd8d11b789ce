// Prints the open ports of a host and what they send: node open_ports.mjs HOST PORTS
import { lookup } from 'node:dns/promises';
import { scan } from 'portloop';

const [host, ports] = process.argv.slice(2);
if (ports === undefined) {
  console.error('usage: node open_ports.mjs HOST PORTS');
  process.exit(2);
}
const { address } = await lookup(host);
for await (const { port, state, service, banner } of scan({ targets: address, ports, banners: true, signal: AbortSignal.timeout(60_000) })) {
  if (state === 'open') console.log(address, port, service, JSON.stringify(String(banner ?? '')));
}
