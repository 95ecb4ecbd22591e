// A registry of one image for tests, run with Node inside a test node's network namespace:
// node test-registry.mjs DIRECTORY PORT [USER:PASSWORD]. DIRECTORY holds an unpacked image archive.
// Every name is the image but `missing`; layers are sent slowly, so that progress can be seen.
import { createServer } from 'node:http';
import { createReadStream, readFileSync, statSync } from 'node:fs';

const [directory, port, login] = process.argv.slice(2);
const index = JSON.parse(readFileSync(`${directory}/index.json`, 'utf8'));
const manifest = index.manifests[0];
const pathOf = (digest) => `${directory}/blobs/${digest.replace(':', '/')}`;

function allowed(request) {
  return !login || request.headers.authorization === `Basic ${Buffer.from(login).toString('base64')}`;
}

async function send(response, path) {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    response.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.end();
}

createServer((request, response) => {
  const [, name, what, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url) ?? [];
  if (!allowed(request)) {
    response
      .writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' })
      .end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return;
  }
  if (!name) {
    response.writeHead(200).end('{}');
    return;
  }
  if (name === 'missing') {
    response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    return;
  }
  const digest = reference.startsWith('sha256:') ? reference : manifest.digest;
  const type = what === 'manifests' ? manifest.mediaType : 'application/octet-stream';
  const size = statSync(pathOf(digest)).size;
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': size, 'Docker-Content-Digest': digest });
  if (request.method === 'HEAD') response.end();
  else void send(response, pathOf(digest));
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
