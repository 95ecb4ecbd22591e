import { parseJson } from '../../machinery/exact-json.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import type { RequestBody } from '../request.ts';

/** What a body in JSON or YAML says; absent where it cannot be read. */
export function bodyValue(body: RequestBody): unknown {
  if ('value' in body) return body.value;
  const text = Buffer.from(body.bytes).toString();
  try {
    return body.mediaType.includes('yaml') ? parseYaml(text) : parseJson(text);
  } catch {
    return undefined;
  }
}
