import { language } from '#lib/i18n/index.svelte.ts';

/** What a kind of request asks: the JSON Schema of its data, with its words in French and, as `x-…-en`, in English. */
export interface Schema {
  required?: string[];
  properties?: Record<string, Property>;
  description?: string;
  'x-description-en'?: string;
}

export interface Property {
  type?: string;
  format?: string;
  title?: string;
  'x-title-en'?: string;
  maxLength?: number;
  enum?: string[];
  'x-order'?: number;
}

const LONG = 500;

export interface SchemaField extends Property {
  name: string;
  label: string;
  optional: boolean;
  long: boolean;
}

/** The fields of a form in their order, as a person reads them. */
export function fieldsOf(schema: Schema): SchemaField[] {
  const inOrder = Object.entries(schema.properties ?? {}).sort(([, a], [, b]) => (a['x-order'] ?? 0) - (b['x-order'] ?? 0));
  return inOrder.map(([name, property]) => ({
    ...property,
    name,
    label: (language() === 'fr' ? property.title : (property['x-title-en'] ?? property.title)) ?? name,
    optional: !schema.required?.includes(name),
    long: (property.maxLength ?? 0) > LONG,
  }));
}

/** A word before the form, if it has one. */
export function descriptionOf(schema: Schema): string {
  return (language() === 'fr' ? schema.description : (schema['x-description-en'] ?? schema.description)) ?? '';
}

/** What was typed as the request's data: an empty field is left out. */
export function dataOf(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ''));
}

/** The values that a form starts with. */
export function valuesOf(schema: Schema, data: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(fieldsOf(schema).map(({ name }) => [name, typeof data[name] === 'string' ? data[name] : '']));
}
