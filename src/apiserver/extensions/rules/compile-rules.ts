import type { JSONSchemaProps, ValidationRule } from '../../../api/apiextensions/v1.ts';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { CelCompileError } from '../../../machinery/cel/errors.ts';
import { parseExpression } from '../../../machinery/cel/parser.ts';
import { once, restIfDue } from '../../../machinery/cel/rest.ts';
import { type CelType, optionalType } from '../../../machinery/cel/types.ts';
import { itemsOf, propertyOf, valuesOf } from '../schema/structure.ts';
import { FieldPathError, findField } from './field-path.ts';
import { fieldNameInRules, ruleTypeOf } from './rule-type.ts';

/** A rule ready to run, or why it cannot be. */
export interface CompiledRule {
  rule: ValidationRule;
  program?: Program;
  error?: string;
  message?: Program;
  messageError?: string;
  usesOldSelf: boolean;
  /** Field to blame, relative to the value. */
  fieldPath: string;
}

/** The rules of a schema and of what is within it. */
export interface RuleNode {
  schema: JSONSchemaProps;
  type: CelType;
  rules: readonly CompiledRule[];
  items?: RuleNode | undefined;
  values?: RuleNode | undefined;
  properties: ReadonlyMap<string, RuleNode>;
}

/** What has been compiled before a rest. */
type Compiled = Map<ValidationRule, CompiledRule>;

/** Compiles the rules on one value of a schema; can rest between them. */
export function compilingRules(schema: JSONSchemaProps, type: CelType): () => CompiledRule[] {
  const compiled: Compiled = new Map();
  return once(() => compileRules(schema, type, compiled));
}

function compileRules(schema: JSONSchemaProps, type: CelType, compiled: Compiled): CompiledRule[] {
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => {
    const known = compiled.get(rule);
    if (known) return known;
    restIfDue();
    const made = compileRule(rule, schema, type);
    compiled.set(rule, made);
    return made;
  });
}

function compileRule(rule: ValidationRule, schema: JSONSchemaProps, type: CelType): CompiledRule {
  const made: CompiledRule = { rule, usesOldSelf: false, fieldPath: pathOf(rule, schema) };
  if (!rule.rule.trim()) return made;
  const variables = { self: type, oldSelf: rule.optionalOldSelf ? optionalType(type) : type };
  const program = attempt(rule.rule, variables);
  if (program instanceof CelCompileError) return { ...made, error: program.failed() };
  if (program.type.kind !== 'bool') return { ...made, error: 'cel expression must evaluate to a bool' };
  const compiled = { ...made, program, usesOldSelf: names(parseExpression(rule.rule), 'oldSelf') };
  if (!rule.messageExpression) return compiled;
  const message = attempt(rule.messageExpression, variables);
  if (message instanceof CelCompileError) {
    return { ...compiled, messageError: message.failed('messageExpression') };
  }
  if (message.type.kind === 'string') return { ...compiled, message };
  return { ...compiled, messageError: 'messageExpression must evaluate to a string' };
}

function pathOf({ fieldPath }: ValidationRule, schema: JSONSchemaProps): string {
  if (!fieldPath) return '';
  try {
    return findField(fieldPath, schema).path;
  } catch (error) {
    if (error instanceof FieldPathError) return '';
    throw error;
  }
}

function attempt(source: string, variables: Record<string, CelType>): Program | CelCompileError {
  try {
    return compile(source, { variables });
  } catch (error) {
    if (error instanceof CelCompileError) return error;
    throw error;
  }
}

/** Whether an expression names a variable anywhere. */
function names(node: unknown, name: string): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if ('type' in node && node.type === 'name' && 'name' in node && node.name === name) return true;
  return Object.values(node).some((child) => names(child, name));
}

/**
 * Compiles all rules of a schema; undefined where there are none. `isResource`: its values have a type and metadata. Can rest between
 * two rules (`rest.ts`).
 */
export function compilingTree(schema: JSONSchemaProps, isResource: boolean): () => RuleNode | undefined {
  const typeOf = once(() => ruleTypeOf(schema, 'selfType', isResource));
  const compiled: Compiled = new Map();
  return once(() => {
    const type = typeOf();
    return type && nodeOf(schema, type, compiled);
  });
}

function nodeOf(schema: JSONSchemaProps, type: CelType, compiled: Compiled): RuleNode | undefined {
  const rules = compileRules(schema, type, compiled);
  const itemSchema = itemsOf(schema);
  const items = itemSchema && type.kind === 'list' ? nodeOf(itemSchema, type.element, compiled) : undefined;
  const valueSchema = valuesOf(schema);
  const values = valueSchema && type.kind === 'map' ? nodeOf(valueSchema, type.value, compiled) : undefined;
  const properties = propertyNodes(schema, type, compiled);
  if (rules.length === 0 && !items && !values && properties.size === 0) return undefined;
  return { schema, type, rules, items, values, properties };
}

function propertyNodes(schema: JSONSchemaProps, type: CelType, compiled: Compiled): Map<string, RuleNode> {
  const nodes = new Map<string, RuleNode>();
  for (const name of Object.keys(schema.properties ?? {})) {
    const child = propertyOf(schema, name) as JSONSchemaProps;
    const known = type.kind === 'object' ? type.fields.get(fieldNameInRules(name) ?? '')?.type : undefined;
    const childType = known ?? ruleTypeOf(child, name, child['x-kubernetes-embedded-resource'] ?? false);
    const node = childType && nodeOf(child, childType, compiled);
    if (node) nodes.set(name, node);
  }
  return nodes;
}
