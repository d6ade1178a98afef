/** What `presync help` says. */
import { variables } from "../../service/environment.ts";
import { storeNames } from "../doctor/profiles.ts";
import { appPortDefault } from "./dev.ts";

export const helpText: string = `presync: offline work and cloud sync from a service worker and a bucket

presync init <dir> [--force] [--off]
    Put the worker, its wasm and the page module beside an app's files, and list those files for
    offline use. Run it again after every build.
    --force                  overwrite files that are not presync's
    --off                    put a worker there, and nothing else, that removes presync from the
                             browsers that come by and keeps their data; without it all is back

presync dev [options]
    Store, service and app on this machine's loopback, for development.
    --app <dir>              the app to serve (default: the demo)
    --data <dir>             where objects, keys and ports are kept (default: .presync)
    --port <n>               the app's port, and no other (default: ${appPortDefault} or the next free one)
    --origin <origin>        a further origin that may call, such as a bundler's server; repeatable
    --json                   print one line of JSON when ready, and nothing else
    --write-interval <ms>    refuse a second write of one key within this time, as R2 and GCS do
    --grant-seconds <n>      how long signed URLs live
    --store-json <file>      use another store: {"endpoint", "region", "bucket", "addressing"?,
                             "accessKeyId", "secretAccessKey", "read"?, "write"?}, where read and
                             write are {"accessKeyId", "secretAccessKey"}; its CORS rules are yours

presync serve
    The service alone, for production, configured by environment:
${Object.entries(variables)
  .map(([name, meaning]) => `    ${name.padEnd(26)}${meaning}`)
  .join("\n")}

presync doctor [options]
    Ask the bucket of the same environment all that presync relies on, and say what is wrong with it
    and how to mend it. Ends with 0, or with 1 where there are errors.
    --store <name>           ${storeNames.join(", ")}
                             (default: as the endpoint's host tells)
    --fix                    set the bucket's CORS rules with the admin key, where they are at fault
    --json                   print one object of JSON, and nothing else

presync version
presync help
`;
