// Errors of fetch() in words for an operator.

/** "Unable to connect" */
export function reasonOf({ message }: Error): string {
  return message.replace(/^E[A-Z]+: |\.?\s*(For more|Is the computer).*$|\.$/gs, "");
}
