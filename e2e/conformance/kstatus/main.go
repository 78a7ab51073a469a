// Prints what kstatus, by which Flux and Helm wait, makes of resources.
// In: one resource as JSON a line; `null` is one that was not found. Out: {"status", "message"} a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

const longestLine = 16 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		found, err := judge(lines.Bytes())
		if err == nil {
			err = out.Encode(found)
		}
		if err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func judge(line []byte) (verdict, error) {
	if string(line) == "null" {
		return verdict{Status: status.NotFoundStatus.String(), Message: "Resource not found"}, nil
	}
	resource := &unstructured.Unstructured{}
	if err := resource.UnmarshalJSON(line); err != nil {
		return verdict{}, err
	}
	result, err := status.Compute(resource)
	if err != nil {
		return verdict{}, err
	}
	return verdict{Status: result.Status.String(), Message: result.Message}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
