// A producer and two consumer loops of redigo. Arguments: port. Prints what it consumed.
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

func main() {
	conn, err := redis.Dial("tcp", "127.0.0.1:"+os.Args[1])
	must(err)
	defer conn.Close()
	_, err = conn.Do("LPUSH", "mail", "one", "two")
	must(err)
	length, err := redis.Int(conn.Do("LPUSH", "mail", "three"))
	must(err)
	fmt.Println("length", length)

	for {
		item, err := redis.Strings(conn.Do("BRPOP", "urgent", "mail", 1))
		if err == redis.ErrNil {
			break
		}
		must(err)
		fmt.Println(item[0], item[1])
	}

	must(conn.Send("RPUSH", "work", "a"))
	must(conn.Send("RPUSH", "work", "b"))
	must(conn.Flush())
	first, err := redis.Int(conn.Receive())
	must(err)
	second, err := redis.Int(conn.Receive())
	must(err)
	fmt.Println("pipeline", []int{first, second})
	for {
		job, err := redis.String(conn.Do("BLMOVE", "work", "doing", "LEFT", "RIGHT", 1))
		if err == redis.ErrNil {
			break
		}
		must(err)
		doing, err := redis.Strings(conn.Do("LRANGE", "doing", 0, -1))
		must(err)
		removed, err := redis.Int(conn.Do("LREM", "doing", 1, job))
		must(err)
		fmt.Println("doing", doing, removed)
	}
}
