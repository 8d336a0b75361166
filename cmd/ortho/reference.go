package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/defaults"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models/config"
)

// environment are the variables that ortho itself asks for, in the order of the page.
var environment = []struct{ name, meaning string }{
	{"ORTHO_MODEL, ORTHO_PROVIDER, ORTHO_THREADS, ...", "defaults of flags for all runs: see the list below; ORTHO_GENERATE_MODEL and its like are for one command"},
	{"ORTHO_CONFIG", "the file with such defaults, by its whole path, in place of the user's own; off: none is read"},
	{"ORTHO_ONNXRUNTIME", "the library of ONNX Runtime that is used, as --onnxruntime names it"},
	{"ORTHO_CODECS", "a folder with libraries that read images, looked at before all others; off: none is loaded"},
	{"ORTHO_DATA_DIR", "where runtime install puts libraries, in place of the user's folder of data"},
	{"ORT_DISABLE_TELEMETRY", "0 keeps ONNX Runtime's telemetry, which is switched off otherwise"},
	{"OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL", "the chat server of describe and imagine: its key, address and model; organisation, project and Azure's variables are in describe --help"},
	{"AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, ...", "S3, as Amazon's own programs read them"},
	{"GOOGLE_APPLICATION_CREDENTIALS, STORAGE_EMULATOR_HOST", "Google Cloud Storage, as Google's own programs read them"},
	{"HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE", "the Hugging Face Hub, as huggingface_hub reads them"},
	{"SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX", "which task of an array job this is, for --shard auto and --plan-task auto"},
	{"HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY", "proxies of what leaves the machine"},
	{"LD_LIBRARY_PATH, DYLD_LIBRARY_PATH, PATH, PYTHONPATH", "where libraries and programs are looked for; empty and relative entries are left out"},
	{"HOME, TMPDIR, XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME", "where caches, settings, libraries and temporary files lie"},
	{"NO_COLOR, TERM, COLUMNS", "what the terminal shows"},
	{"SOURCE_DATE_EPOCH", "the time in bills of materials, for builds that are to be equal to the byte"},
}

// writeReference writes the page of what is not on the command line: ortho.json, presets, rows, the environment.
func writeReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Reference: ortho.json, presets, rows, environment\n\nMade by `make docs` from the program's own tables.\n")
	b.WriteString("\n## ortho.json\n\nIt lies beside the model, and says for good what flags would say: numbers, texts, lists. Keys are the flags' names with `_`.\n\n| key | flag | meaning |\n| --- | --- | --- |\n")
	for _, f := range (&flags.Overrides{}).Flags() {
		name := f.Names()[0]
		meaning := strings.NewReplacer("`", "", "|", `\|`).Replace(f.(cli.DocGenerationFlag).GetUsage())
		fmt.Fprintf(&b, "| `%s` | `--%s` | %s |\n", strings.ReplaceAll(name, "-", "_"), name, meaning)
	}
	b.WriteString("\n## Presets\n\n`--preset NAME`, for exporters that write nothing of their preprocessing beside the graph. Flags win over its values.\n\n| preset | values |\n| --- | --- |\n")
	for _, name := range config.Presets() {
		var values []string
		for key, value := range config.PresetValues(name) {
			values = append(values, "`"+key+" "+value+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.Join(values, ", "))
	}
	b.WriteString("\n## Rows\n\nThe type of each command's rows in JSON, as Spark writes types; `ortho schema COMMAND` prints it for Arrow, SQL and JSON Schema, too. `error` (`kind`, `message`) is there where an input failed, and nothing else is then.\n")
	for _, command := range slices.Sorted(maps.Keys(rowTypes)) {
		fmt.Fprintf(&b, "\n### `%s`\n\n", command)
		for _, field := range rowTypes[command]().Fields {
			fmt.Fprintf(&b, "- `%s`: `%s`\n", field.Name, field.Type)
		}
	}
	b.WriteString("\n## The environment\n\n| variable | decides |\n| --- | --- |\n")
	for _, v := range environment {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(v.name, ", ", "`, `"), v.meaning)
	}
	fmt.Fprintf(&b, "\nFlags that may have a default (`ORTHO_` and the name in capitals, or a key of the file that `ortho config path` names): %s.\n", "`"+strings.Join(defaults.Flags(), "`, `")+"`")
	_, err := io.WriteString(w, b.String())
	return err
}
