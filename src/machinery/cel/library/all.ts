import { type Library, libraryOf } from '../signature.ts';
import { cidrs, ips } from './addresses.ts';
import { conversions } from './conversions.ts';
import { formats } from './format.ts';
import { lists, sets } from './lists.ts';
import { operators } from './operators.ts';
import { optionals } from './optional.ts';
import { quantities } from './quantity.ts';
import { regex } from './regex.ts';
import { semver } from './semver.ts';
import { strings } from './strings.ts';
import { times } from './times.ts';
import { urls } from './url.ts';

let library: Library | undefined;

/** The functions of the language and those that Kubernetes adds. */
export function kubernetesLibrary(): Library {
  library ??= libraryOf(
    operators(),
    conversions(),
    strings(),
    lists(),
    sets(),
    optionals(),
    times(),
    regex(),
    urls(),
    ips(),
    cidrs(),
    quantities(),
    formats(),
    semver(),
  );
  return library;
}
