// Runs a script in the Lua machine of Argo CD.
module github.com/plexobject/k8-highlander/e2e/conformance/argolua

go 1.26.0

require github.com/yuin/gopher-lua v1.1.2
