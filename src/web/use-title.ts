// The title of the page, in the tab of the browser and in its history.
import { useEffect } from "preact/hooks";

export function useTitle(title: string): void {
  useEffect(() => void (document.title = `${title} – okq`), [title]);
}
