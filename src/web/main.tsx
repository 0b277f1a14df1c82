// The dashboard: a page in the browser that shows and changes what the API under /v1 tells.
import { render } from "preact";
import { App } from "./app.tsx";

render(<App />, document.querySelector("#app")!);
