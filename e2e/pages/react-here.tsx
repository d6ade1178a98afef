import { StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "presync";
import {
  PresyncProvider,
  useDocument,
  usePresence,
  usePresync,
  useSyncStatus,
} from "presync/react";

interface Visitor {
  name: string;
}

function Here({ name }: { name: string }) {
  const [, , { handle }] = useDocument("todos", { items: [] });
  const others = usePresence<Visitor>(handle, { name });
  return (
    <ul>
      {others.map(({ replica, tab, state }) => (
        <li key={`${replica}/${tab}`}>{state.name}</li>
      ))}
    </ul>
  );
}

function App() {
  const presync = usePresync();
  const { user } = useSyncStatus();
  const [name, setName] = useState("");
  const [isShown, setShown] = useState(true);
  const signUp = () => void presync.signIn("key", { secretKey: presync.newSecretKey() });
  return (
    <>
      <input aria-label="Name" value={name} onChange={(event) => setName(event.target.value)} />
      <button onClick={() => setShown(!isShown)}>{isShown ? "Hide" : "Show"}</button>
      {isShown && <Here name={name} />}
      {user === null ? <button onClick={signUp}>Sign up</button> : <p>Signed in</p>}
    </>
  );
}

const presync = connect();

createRoot(document.querySelector("#app")!).render(
  <StrictMode>
    <Suspense fallback={<p>One moment …</p>}>
      <PresyncProvider presync={presync}>
        <App />
      </PresyncProvider>
    </Suspense>
  </StrictMode>,
);
