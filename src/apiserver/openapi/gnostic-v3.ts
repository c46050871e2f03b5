// The messages of gnostic's openapi.v3, as far as the documents use them.
import {
  any,
  type Codec,
  double,
  either,
  entries,
  flag,
  integer,
  list,
  type Message,
  message,
  text,
  within,
} from './gnostic.ts';
import type { JsonObject } from './schema-object.ts';

const reference: Message = { fields: { $ref: [1, text], description: [3, text] } };

/** A schema, or a reference to one. */
const schemaOrReference: Codec = either((value) =>
  (value as JsonObject).$ref === undefined ? [1, message(() => schema)] : [2, message(() => reference)],
);

/** Lists and objects have no place in a default. */
const defaultValue = either((value) => {
  switch (typeof value) {
    case 'number':
      return [1, double];
    case 'boolean':
      return [2, flag];
    case 'string':
      return [3, text];
    default:
      return undefined;
  }
});

const schema: Message = {
  fields: {
    nullable: [1, flag],
    readOnly: [3, flag],
    writeOnly: [4, flag],
    example: [7, any],
    deprecated: [8, flag],
    title: [9, text],
    multipleOf: [10, double],
    maximum: [11, double],
    exclusiveMaximum: [12, flag],
    minimum: [13, double],
    exclusiveMinimum: [14, flag],
    maxLength: [15, integer],
    minLength: [16, integer],
    pattern: [17, text],
    maxItems: [18, integer],
    minItems: [19, integer],
    uniqueItems: [20, flag],
    maxProperties: [21, integer],
    minProperties: [22, integer],
    required: [23, list(text)],
    enum: [24, list(any)],
    type: [25, text],
    allOf: [26, list(schemaOrReference)],
    oneOf: [27, list(schemaOrReference)],
    anyOf: [28, list(schemaOrReference)],
    not: [29, (writer, field, value) => message(() => schema)(writer, field, value)],
    items: [30, within(1, schemaOrReference)],
    properties: [31, within(1, entries(schemaOrReference))],
    additionalProperties: [32, either((value) => (typeof value === 'boolean' ? [2, flag] : [1, schemaOrReference]))],
    default: [33, defaultValue],
    description: [34, text],
    format: [35, text],
  },
  extensions: 36,
};

const content = within(1, entries(message(() => ({ fields: { schema: [1, schemaOrReference] } }))));

const parameter: Message = {
  fields: {
    name: [1, text],
    in: [2, text],
    description: [3, text],
    required: [4, flag],
    schema: [10, schemaOrReference],
  },
};

const parameters = list(
  within(
    1,
    message(() => parameter),
  ),
);

const requestBody: Message = { fields: { description: [1, text], content: [2, content], required: [3, flag] } };
const response: Message = { fields: { description: [1, text], content: [3, content] } };

const operation: Message = {
  fields: {
    tags: [1, list(text)],
    description: [3, text],
    operationId: [5, text],
    parameters: [6, parameters],
    requestBody: [
      7,
      within(
        1,
        message(() => requestBody),
      ),
    ],
    responses: [
      8,
      within(
        2,
        entries(
          within(
            1,
            message(() => response),
          ),
        ),
      ),
    ],
  },
  extensions: 13,
};

const method = message(() => operation);

const pathItem: Message = {
  fields: {
    get: [4, method],
    put: [5, method],
    post: [6, method],
    delete: [7, method],
    options: [8, method],
    head: [9, method],
    patch: [10, method],
    parameters: [13, parameters],
  },
};

const scheme: Message = { fields: { type: [1, text], description: [2, text], name: [3, text], in: [4, text] } };

/** What the components hold besides schemas (1). */
const componentsHead: Message = {
  fields: {
    securitySchemes: [
      7,
      within(
        1,
        entries(
          within(
            1,
            message(() => scheme),
          ),
        ),
      ),
    ],
  },
};

/** The document but for what each has many of. */
const documentHead: Message = {
  fields: {
    openapi: [1, text],
    info: [2, message(() => ({ fields: { title: [1, text], version: [6, text] } }))],
  },
};

export const gnosticV3 = {
  documentHead,
  componentsHead,
  /** A path in the paths of the document, a schema in the schemas of its components. */
  path: { field: 1, codec: message(() => pathItem) },
  definition: { field: 1, codec: schemaOrReference },
  paths: 4,
  components: 5,
  schemas: 1,
};
