// Kubernetes' $(NAME) in values, commands and arguments: known names are replaced, $$ stands for a dollar, the rest stays.

export function expandReferences(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, after: string, name: string) =>
    after === '$' ? '$' : (values.get(name) ?? whole),
  );
}
