// A producer and two consumers of a stream with redigo. Arguments: port. Prints what they consumed.
package main

import (
	"fmt"
	"os"

	"github.com/gomodule/redigo/redis"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

var conn redis.Conn

func do(command string, args ...interface{}) []interface{} {
	values, err := redis.Values(conn.Do(command, args...))
	if err == redis.ErrNil {
		return nil
	}
	must(err)
	return values
}

// The entries as ids and fields.
func show(what string, entries interface{}, isAcked bool) {
	list, err := redis.Values(entries, nil)
	must(err)
	for _, each := range list {
		entry, err := redis.Values(each, nil)
		must(err)
		fields, err := redis.StringMap(entry[1], nil)
		must(err)
		acked := 0
		if isAcked {
			acked, err = redis.Int(conn.Do("XACK", "orders", "shop", entry[0]))
			must(err)
		}
		fmt.Println(what, fields, acked)
	}
}

// The entries of the only stream.
func entriesOf(streams []interface{}) interface{} {
	stream, err := redis.Values(streams[0], nil)
	must(err)
	return stream[1]
}

func main() {
	var err error
	conn, err = redis.Dial("tcp", "127.0.0.1:"+os.Args[1])
	must(err)
	defer conn.Close()
	for try := 0; try < 2; try++ {
		fmt.Println(conn.Do("XGROUP", "CREATE", "orders", "shop", "0", "MKSTREAM"))
	}
	for n := 1; n <= 5; n++ {
		_, err = conn.Do("XADD", "orders", "MAXLEN", "~", 1000, "*", "order", n, "user", "ann")
		must(err)
	}
	fmt.Println(redis.Int(conn.Do("XLEN", "orders")))

	// A consumer that dies.
	show("dead", entriesOf(do("XREADGROUP", "GROUP", "shop", "dead", "COUNT", 2, "STREAMS", "orders", ">")), false)
	pending := do("XPENDING", "orders", "shop")
	fmt.Printf("pending %v %s\n", pending[0], pending[3])
	for _, each := range do("XPENDING", "orders", "shop", "-", "+", 10) {
		claim := each.([]interface{})
		fmt.Printf("pending %s %v\n", claim[1], claim[3])
	}

	// Another one takes over what it had not acknowledged.
	start := "0-0"
	for {
		claimed := do("XAUTOCLAIM", "orders", "shop", "alive", 0, start, "COUNT", 1)
		show("took over", claimed[1], true)
		start, err = redis.String(claimed[0], nil)
		must(err)
		if start == "0-0" {
			break
		}
	}

	for {
		streams := do("XREADGROUP", "GROUP", "shop", "alive", "COUNT", 2, "BLOCK", 100, "STREAMS", "orders", ">")
		if streams == nil {
			break
		}
		show("done", entriesOf(streams), true)
	}

	must(conn.Send("XADD", "orders", "*", "order", 6))
	must(conn.Send("XREADGROUP", "GROUP", "shop", "alive", "STREAMS", "orders", ">"))
	must(conn.Flush())
	_, err = conn.Receive()
	must(err)
	streams, err := redis.Values(conn.Receive())
	must(err)
	show("pipeline", entriesOf(streams), false)
	fmt.Println("pending", do("XPENDING", "orders", "shop")[0])
	group := do("XINFO", "GROUPS", "orders")[0].([]interface{})
	fmt.Printf("group %s %v %v\n", group[1], group[3], group[5])
}
