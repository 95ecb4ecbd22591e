/**
 * The whole numbers on a command line, by place; ends the process with the usage where there is anything else.
 *
 * @param {string} usage one line
 * @param {Record<string, number>} defaults by name, in the order of the places
 * @param {readonly string[]} args
 * @returns {any} the numbers by name
 */
export function numbers(usage, defaults, args = process.argv.slice(2)) {
  const names = Object.keys(defaults);
  const wrong = args.find((arg) => !/^\d{1,9}$/.test(arg) || Number(arg) === 0);
  if (wrong === undefined && args.length <= names.length) {
    return Object.fromEntries(names.map((name, i) => [name, Number(args[i] ?? defaults[name])]));
  }
  return refuse(usage, args.includes('--help') ? undefined : (wrong ?? args.at(-1)));
}

/**
 * Ends the process: with the usage alone where help was asked for, else as an error.
 *
 * @param {string} usage
 * @param {string | undefined} wrong
 * @returns {never}
 */
export function refuse(usage, wrong) {
  if (wrong !== undefined) console.error(`error: not understood: ${wrong}`);
  console.error(`usage: ${usage}`);
  process.exit(wrong === undefined ? 0 : 2);
}
