// A URL that leads nowhere.
import { Link } from "../location.tsx";

export function MissingPage() {
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <Link to="/queues">To the queues</Link>
      </p>
    </>
  );
}
