// What a process of Node.js has in memory when it is at rest: what nobody uses is given back first, as V8 does by itself some minutes after
// the last work. It is asked for by the inspector, which the process opens when it is sent SIGUSR1.
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

/** To be in the environment of the process: the inspector takes a port that is free. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

/** `child` was spawned with its standard error piped; the rest of that is passed on. */
export function inspectorOf(child) {
  let found;
  const opened = new Promise((resolve) => {
    found = resolve;
  });
  child.stderr.on('data', (chunk) => {
    const [, url] = /Debugger listening on (ws:\S+)/.exec(String(chunk)) ?? [];
    if (url) found(url);
    else if (!/inspector|[Dd]ebugger/.test(String(chunk))) process.stderr.write(chunk);
  });
  return async () => {
    child.kill('SIGUSR1');
    const socket = new WebSocket(await opened);
    await new Promise((resolve) => socket.once('open', resolve));
    await asked(socket, 1, 'HeapProfiler.enable');
    for (let id = 2; id < 5; id++) await asked(socket, id, 'HeapProfiler.collectGarbage');
    socket.close();
    // Pages are given back by another thread.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return residentBytes(child.pid);
  };
}

function asked(socket, id, method) {
  socket.send(JSON.stringify({ id, method }));
  return new Promise((resolve) => {
    socket.on('message', (text) => JSON.parse(text).id === id && resolve());
  });
}

/** What a process has in memory: of its own, and of files, which the system takes back when it needs to. */
function residentBytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024;
  return { own: of('RssAnon'), files: of('RssFile') };
}
