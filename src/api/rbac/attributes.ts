// What a request asks for, as authorization sees it.

export interface ResourceAttributes {
  verb: string;
  group: string;
  version?: string | undefined;
  resource: string;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  /** By which a list or a watch is narrowed. */
  fieldSelector?: string | undefined;
  labelSelector?: string | undefined;
}

/** A path that is no resource, as /healthz. */
export interface PathAttributes {
  verb: string;
  path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;
