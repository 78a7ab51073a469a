// Says whether the API server would accept a CustomResourceDefinition: the files named on the command line go through
// the validation of the linked k8s.io/apiextensions-apiserver, with structural schemas, CEL compilation and CEL cost.
// One line per file, then one per error; exit code 1 when there was one. go.mod links the current library,
// oldest.mod that of the oldest supported Kubernetes.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const library = "k8s.io/apiextensions-apiserver"

func main() {
	decoder := newDecoder()
	fmt.Printf("%s %s\n", library, versionOf(library))
	failed := len(os.Args) < 2
	for _, file := range os.Args[1:] {
		errors, err := validate(decoder, file)
		if err != nil {
			errors = field.ErrorList{field.InternalError(nil, err)}
		}
		failed = failed || len(errors) > 0
		report(filepath.Base(file), errors)
	}
	if failed {
		os.Exit(1)
	}
}

// newDecoder makes internal objects with their defaults out of YAML of any version, strictly.
func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	codecs := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	return codecs.UniversalDecoder(schema.GroupVersion{Group: apiextensions.GroupName, Version: runtime.APIVersionInternal})
}

func validate(decoder runtime.Decoder, file string) (field.ErrorList, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	object, _, err := decoder.Decode(text, nil, nil)
	if err != nil {
		return nil, err
	}
	crd, ok := object.(*apiextensions.CustomResourceDefinition)
	if !ok {
		return nil, fmt.Errorf("not a CustomResourceDefinition: %T", object)
	}
	// The API server does this before it validates a new definition.
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			crd.Status.StoredVersions = append(crd.Status.StoredVersions, version.Name)
		}
	}
	return validation.ValidateCustomResourceDefinition(context.Background(), crd), nil
}

func report(name string, errors field.ErrorList) {
	if len(errors) == 0 {
		fmt.Printf("%s: OK\n", name)
		return
	}
	fmt.Printf("%s: %d errors\n", name, len(errors))
	for _, err := range errors {
		fmt.Printf("  %v\n", err)
	}
}

func versionOf(path string) string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return "unknown"
}
