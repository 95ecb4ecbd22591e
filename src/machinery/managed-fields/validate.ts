import { goText } from '../go-text.ts';
import { fieldElement, itemElement, printElement, ShapeError } from './path-element.ts';
import type { LeafShape, ListShape, MapShape, Shape } from './shape.ts';
import { isObject, type Json } from './walk.ts';

/*
 * Whether what somebody applies fits its shape, in upstream's words. Unlike a decoder this refuses fields that the type
 * does not know, and lists that merge in which an element stands twice.
 */

const wrapped = (value: unknown) => `&{${goText(value)}}`;

const goTypeNames: Record<string, string> = {
  string: 'string',
  boolean: 'bool',
  number: 'float64',
  bigint: 'int64',
};

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  return goTypeNames[typeof value] ?? 'map[string]interface {}';
}

function scalarError(value: unknown, scalar: LeafShape['scalar']): string | undefined {
  if (scalar === undefined || typeof value === scalar || (scalar === 'number' && typeof value === 'bigint'))
    return undefined;
  switch (scalar) {
    case 'number':
      return `expected numeric (int or float), got ${goTypeName(value)}`;
    case 'string':
      return `expected string, got ${wrapped(value)}`;
    case 'boolean':
      return `expected boolean, got ${wrapped(value)}`;
    default:
      return typeof value === 'object' ? `expected any scalar, got ${wrapped(value)}` : undefined;
  }
}

class Validator {
  readonly errors: string[] = [];

  private report(path: string, message: string): void {
    this.errors.push(path ? `${path}: ${message}` : message);
  }

  value(value: unknown, shape: Shape, path: string): void {
    if (value === null || value === undefined) return;
    switch (shape.kind) {
      case 'atomic':
        return shape.inner.kind === 'list' && Array.isArray(value)
          ? value.forEach((item, i) => this.value(item, (shape.inner as ListShape).items, `${path}[${i}]`))
          : this.value(value, shape.inner, path);
      case 'list':
        return Array.isArray(value)
          ? this.list(value, shape, path)
          : this.report(path, `expected list, got ${wrapped(value)}`);
      case 'map':
        return isObject(value)
          ? this.map(value, shape, path)
          : this.report(path, `expected map, got ${wrapped(value)}`);
      case 'leaf': {
        const wrong = scalarError(value, shape.scalar);
        return wrong ? this.report(path, wrong) : undefined;
      }
      default:
        return;
    }
  }

  private list(list: unknown[], shape: ListShape, path: string): void {
    const seen = new Set<string>();
    for (const [i, item] of list.entries()) {
      const element = this.elementOf(item, shape, `${path}: element ${i}`);
      if (element === undefined) return;
      if (seen.has(element)) this.report(path, `duplicate entries for key ${printElement(element)}`);
      seen.add(element);
      this.value(item, shape.items, path + printElement(element));
    }
  }

  private elementOf(item: unknown, shape: ListShape, place: string): string | undefined {
    try {
      return itemElement(item, shape);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      this.errors.push(`${place}: ${error.message}`);
      return undefined;
    }
  }

  private map(object: Json, shape: MapShape, path: string): void {
    for (const name in object) {
      const place = path + printElement(fieldElement(name));
      const inner = shape.field(name)?.shape ?? shape.values;
      if (inner) this.value(object[name], inner, place);
      else this.report(place, 'field not declared in schema');
    }
  }
}

/** What is wrong with an object that is applied, as one text; undefined if nothing is. */
export function shapeErrors(object: Json, shape: Shape): string | undefined {
  const validator = new Validator();
  validator.value(object, shape, '');
  const { errors } = validator;
  if (errors.length === 0) return undefined;
  return errors.length === 1 ? errors[0] : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n');
}
