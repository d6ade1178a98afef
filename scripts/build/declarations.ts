/** Copies the compiler's declarations to `dist/types`, naming the files they import as they are there. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export async function copyDeclarations(from: string, to: string): Promise<void> {
  for (const folder of ["app", "shared", "sw", "service"]) {
    const files = await readdir(join(from, folder), { recursive: true });
    for (const file of files) {
      if (!file.endsWith(".d.ts") || file.startsWith("demo/")) continue;
      const target = join(to, folder, file);
      await mkdir(dirname(target), { recursive: true });
      const text = await readFile(join(from, folder, file), "utf8");
      const renamed = text.replace(/(from "\.[^"]*|import\("\.[^"]*)\.tsx?"/g, '$1.js"');
      await writeFile(target, renamed.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));
    }
  }
}
