// The web front end of the guestbook: shows what visitors have written, and stores what they write.
// Writes go to the redis leader, reads to its followers; both are found by their Service's name.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';

const leader = process.env.REDIS_LEADER ?? 'redis-leader';
const follower = process.env.REDIS_FOLLOWER ?? 'redis-follower';
const port = Number(process.env.PORT ?? 8080);
const key = 'guestbook';
const timeoutMs = 3000;
const longestEntry = 500;

/** Encodes a command as redis expects it (RESP). */
function encode(words) {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Reads one reply from the start of `data`; undefined where it is not whole yet. */
function decode(data, at = 0) {
  const end = data.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const line = data.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(data[at])) {
    case '+':
      return { value: line, next };
    case ':':
      return { value: Number(line), next };
    case '-':
      return { error: line, next };
    case '$': {
      const size = Number(line);
      if (size < 0) return { value: null, next };
      if (data.length < next + size + 2) return undefined;
      return { value: data.toString('utf8', next, next + size), next: next + size + 2 };
    }
    case '*': {
      const items = [];
      let from = next;
      for (let i = 0; i < Number(line); i++) {
        const item = decode(data, from);
        if (!item) return undefined;
        items.push(item.value);
        from = item.next;
      }
      return { value: items, next: from };
    }
    default:
      return { error: `unknown reply ${line}`, next };
  }
}

/** Sends one command to a redis and gives its reply. */
function redis(host, ...words) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 6379 });
    let data = Buffer.alloc(0);
    const finish = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.setTimeout(timeoutMs, () =>
      finish(reject, new Error(`${host} did not answer in ${timeoutMs} ms`)),
    );
    socket.on('error', (error) => finish(reject, error));
    socket.on('close', () => reject(new Error(`${host} closed the connection`)));
    socket.on('connect', () => socket.write(encode(words)));
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, chunk]);
      const reply = decode(data);
      if (reply?.error) finish(reject, new Error(reply.error));
      else if (reply) finish(resolve, reply.value);
    });
  });
}

function body(request) {
  return new Promise((resolve, reject) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
      if (text.length > 10_000) reject(new Error('the entry is too long'));
    });
    request.on('end', () => resolve(text));
    request.on('error', reject);
  });
}

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function page(entries) {
  const items = entries.map((entry) => `<li>${escape(entry)}</li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guestbook</title>
<style>body{font:16px/1.5 system-ui;max-width:38rem;margin:3rem auto;padding:0 1rem}li{padding:.3rem 0;border-bottom:1px solid #ddd}
ul{list-style:none;padding:0}input{font:inherit;padding:.4rem;width:70%}button{font:inherit;padding:.4rem 1rem}small{color:#777}</style>
<h1>Guestbook</h1><form method="post" action="/"><input name="entry" maxlength="${longestEntry}" placeholder="Write something" required autofocus>
<button>Sign</button></form><ul>${items}</ul><small>answered by ${escape(hostname())}</small></html>`;
}

async function store(request) {
  const text = await body(request);
  const isForm = (request.headers['content-type'] ?? '').includes('form');
  const entry = (isForm ? (new URLSearchParams(text).get('entry') ?? '') : text)
    .trim()
    .slice(0, longestEntry);
  if (entry) await redis(leader, 'LPUSH', key, entry);
  return isForm;
}

async function answer(request, response) {
  const { pathname } = new URL(request.url ?? '/', 'http://guestbook');
  const send = (code, type, text, headers = {}) => {
    response.writeHead(code, { 'content-type': type, ...headers }).end(text);
  };
  if (pathname === '/healthz') return send(200, 'text/plain', 'ok\n');
  if (request.method === 'POST' && (pathname === '/' || pathname === '/entries')) {
    const isForm = await store(request);
    return isForm ? send(303, 'text/plain', '', { location: '/' }) : send(201, 'text/plain', 'stored\n');
  }
  if (pathname === '/entries') {
    return send(
      200,
      'application/json',
      `${JSON.stringify(await redis(follower, 'LRANGE', key, '0', '99'))}\n`,
    );
  }
  if (pathname === '/')
    return send(200, 'text/html; charset=utf-8', page(await redis(follower, 'LRANGE', key, '0', '99')));
  return send(404, 'text/plain', 'not found\n');
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
    response.end(`the guestbook's store cannot be reached: ${error.message}\n`);
  });
});

server.listen(port, () => console.log(`guestbook listens on ${port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
