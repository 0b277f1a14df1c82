// What a user sees that may look at nothing.
import { useTitle } from "../use-title.ts";

export function RefusedPage({ user }: { user: string }) {
  useTitle("No right to look");
  return (
    <>
      <h1>No right to look</h1>
      <p role="alert">
        To look at queues a user needs the right <code>inspect</code>, which{" "}
        <b>
          <bdi>{user}</bdi>
        </b>{" "}
        does not have. Whoever runs this okq can add it in the users file; then load this page
        again.
      </p>
    </>
  );
}
