// redigo for the test beside it: reads lines of JSON, [how, [[argument, ...], ...]], and writes a
// line with the replies for each.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/gomodule/redigo/redis"
)

func main() {
	okq, err := redis.Dial("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var request [2]json.RawMessage
		var how string
		var commands [][]string
		if json.Unmarshal(lines.Bytes(), &request) != nil ||
			json.Unmarshal(request[0], &how) != nil || json.Unmarshal(request[1], &commands) != nil {
			panic(lines.Text())
		}
		answer, _ := json.Marshal(replies(okq, how, commands))
		fmt.Println(string(answer))
	}
}

func replies(okq redis.Conn, how string, commands [][]string) interface{} {
	isTransaction := how == "transaction"
	if isTransaction {
		okq.Send("MULTI")
	}
	for _, command := range commands {
		args := make([]interface{}, len(command)-1)
		for at, arg := range command[1:] {
			args[at] = arg
		}
		okq.Send(command[0], args...)
	}
	if isTransaction {
		reply, err := okq.Do("EXEC")
		if err != nil {
			return shown(err)
		}
		return shown(reply)
	}
	okq.Flush()
	all := []interface{}{}
	for range commands {
		reply, err := okq.Receive()
		if err != nil {
			reply = err
		}
		all = append(all, shown(reply))
	}
	return all
}

func shown(reply interface{}) interface{} {
	switch value := reply.(type) {
	case error:
		return map[string]string{"error": value.Error()}
	case []byte:
		return string(value)
	case []interface{}:
		all := []interface{}{}
		for _, each := range value {
			all = append(all, shown(each))
		}
		return all
	}
	return reply
}
