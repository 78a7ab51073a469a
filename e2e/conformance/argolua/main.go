// Runs a health script as Argo CD does: in its Lua machine, with the base, package and table libraries and no other
// (Argo CD adds a clock), one second at most, the resource as the global `obj`.
// Argument: the script. In: one resource as JSON a line. Out: {"status", "message"} a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

const (
	longestLine = 16 << 20
	patience    = time.Second
)

var libraries = map[string]lua.LGFunction{
	lua.LoadLibName: lua.OpenPackage,
	lua.BaseLibName: lua.OpenBase,
	lua.TabLibName:  lua.OpenTable,
}

// The words Argo CD knows; any other becomes Unknown there.
var words = map[string]bool{
	"Healthy": true, "Progressing": true, "Degraded": true, "Suspended": true, "Missing": true, "Unknown": true,
}

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: argolua health.lua < resources.ndjson"))
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		found, err := judge(lines.Bytes(), string(script))
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

func judge(line []byte, script string) (verdict, error) {
	var resource map[string]any
	if err := json.Unmarshal(line, &resource); err != nil {
		return verdict{}, err
	}
	answer, err := run(script, resource)
	if err != nil {
		return verdict{}, err
	}
	table, isTable := answer.(*lua.LTable)
	if !isTable {
		return verdict{}, fmt.Errorf("the script returned a %s, not a table", answer.Type())
	}
	found := verdict{Status: textOf(table, "status"), Message: textOf(table, "message")}
	if !words[found.Status] {
		return verdict{}, fmt.Errorf("the script returned the status %q, which Argo CD does not know", found.Status)
	}
	return found, nil
}

// Every resource gets a machine of its own, so that no script can leave anything behind.
func run(script string, resource map[string]any) (lua.LValue, error) {
	machine := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer machine.Close()
	for _, name := range []string{lua.LoadLibName, lua.BaseLibName, lua.TabLibName} {
		open := lua.P{Fn: machine.NewFunction(libraries[name]), Protect: true}
		if err := machine.CallByParam(open, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	machine.SetContext(ctx)
	machine.SetGlobal("obj", toLua(machine, resource))
	if err := machine.DoString(script); err != nil {
		return nil, err
	}
	return machine.Get(-1), nil
}

func toLua(machine *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case float64:
		return lua.LNumber(known)
	case string:
		return lua.LString(known)
	case []any:
		list := machine.CreateTable(len(known), 0)
		for _, item := range known {
			list.Append(toLua(machine, item))
		}
		return list
	case map[string]any:
		table := machine.CreateTable(0, len(known))
		for name, item := range known {
			table.RawSetString(name, toLua(machine, item))
		}
		return table
	}
	return lua.LNil
}

func textOf(table *lua.LTable, name string) string {
	text, isText := table.RawGetString(name).(lua.LString)
	if !isText {
		return ""
	}
	return string(text)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
